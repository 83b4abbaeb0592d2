"""Make synthetic data to follow the guide with: student_data.csv, students.csv and a later, damaged export."""

import pandas as pd

from rollbook.synthetic.tutoring import TutoringPlan, generate_tutoring

course = generate_tutoring(TutoringPlan(students=400, interactions=25), seed=0)
answers = pd.DataFrame(course.interactions)
answers.to_csv("student_data.csv", index=False)

students = pd.DataFrame(course.students)
students["prior_performance"] = pd.cut(
    students["prior_performance"], [-1, 65, 75, 101], labels=["low", "middle", "high"]
)
students.to_csv("students.csv", index=False)

# A later export in which somebody turned the code round: in spring, 1 means wrong.
spring = answers["term"] == "2026-spring"
answers["correct"] = answers["correct"].where(~spring, 1 - answers["correct"])
answers.to_csv("new_export.csv", index=False)
