"""From the text of a query to its tree.

```
query = all {"or" all}            all  = each {"and" each}          each = "not" each | term
term  = "(" query ")" | "exists" "(" field ")" | ("from" | "made" | "used" | "produced") "(" reference ")"
      | field ("=" | "!=" | "<" | "<=" | ">" | ">=") value | field "~" text | field "contains" text
      | field "in" "(" value {"," value} ")"
field = name | ("metadata" | "config" | "summary") "." key {"." key}          key = word | quoted text
value = quoted text | word | number | "true" | "false" | "null" | date | span before now
```
"""

from __future__ import annotations

from typing import cast

from rollbook.model.query.fields import OTHER_NAMES, SOURCES, Target, check, check_field
from rollbook.model.query.problems import wrong
from rollbook.model.query.scanner import Scanner
from rollbook.model.query.tree import (
    EVERYTHING,
    And,
    Compare,
    Exists,
    Field,
    In,
    Literal,
    Not,
    Operator,
    Or,
    Related,
    Sort,
    Source,
    Term,
    Way,
)

MAX_DEPTH = 32
MAX_TERMS = 64
MAX_VALUES = 200
MAX_PATTERN = 256
_OPERATORS = ("<=", ">=", "!=", "==", "=", "<", ">", "~")
_ORDERED = ("<", "<=", ">", ">=")


def parse(query: str, target: Target = "versions") -> Term:
    """Read a query over versions or runs. The empty query asks for everything.

    Raises:
        InvalidInput: It is wrong; the message points at the place.
    """
    scanner = Scanner(query)
    if scanner.ended:
        return EVERYTHING
    term = _Parser(scanner).whole()
    check(term, target, query)
    return term


def parse_sort(text: str, target: Target = "versions") -> Sort:
    """Read an order: `created`, `summary.auc desc`, `size asc`. The newest first where it says nothing.

    Raises:
        InvalidInput: It is wrong, or nothing can be sorted by it.
    """
    scanner = Scanner(text)
    if scanner.ended:
        return Sort()
    field = _Parser(scanner).field()
    check_field(field, target, text)
    down = scanner.word("asc", "desc") != "asc"
    if not scanner.ended:
        raise wrong(text, scanner.at, "an order is one field, then asc or desc", hint="for example summary.auc desc")
    if field.source == "" and field.path[0] in ("alias", "collection", "number", "project", "state"):
        raise wrong(text, field.column, f"{field} orders nothing", hint="sort by created, size or a value of metadata")
    if field.source == "" and field.path[0] == "created":
        return Sort(None, down)
    return Sort(field, down)


def parse_field(text: str, target: Target = "versions") -> Field:
    """Read the name of one field, such as `metadata.optimizer.lr`.

    Raises:
        InvalidInput: It is none.
    """
    scanner = Scanner(text)
    field = _Parser(scanner).field()
    if not scanner.ended:
        raise wrong(text, scanner.at, "this is unexpected", hint="one field, for example metadata.optimizer.lr")
    check_field(field, target, text)
    return field


class _Parser:
    """A recursive descent over a scanner, with bounds on depth and size."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.depth = 0
        self.terms = 0

    def whole(self) -> Term:
        term = self.any()
        if not self.scanner.ended:
            raise self.wrong("this is unexpected", hint="join terms by and, or; quote values with spaces")
        return term

    def any(self) -> Term:
        terms = [self.all()]
        while self.scanner.word("or"):
            terms.append(self.all())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def all(self) -> Term:
        terms = [self.each()]
        while self.scanner.word("and"):
            terms.append(self.each())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def each(self) -> Term:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.wrong(f"this is nested deeper than {MAX_DEPTH} levels", hint="simplify the query")
        term = Not(self.each()) if self.scanner.word("not") else self.term()
        self.depth -= 1
        return term

    def term(self) -> Term:
        if self.scanner.mark("("):
            inner = self.any()
            self.close()
            return inner
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise self.wrong(f"this is term {MAX_TERMS + 1}", hint=f"at most {MAX_TERMS} terms; 'in' takes many values")
        return self.call() or self.comparison()

    def call(self) -> Term | None:
        column = self.scanner.at
        word = self.scanner.word("exists", "from", "made", "used", "produced")
        if not word:
            return None
        if not self.scanner.mark("("):
            raise self.wrong(f"'(' is missing behind {word}", hint="for example exists(metadata.lr), from(data:v3)")
        if word == "exists":
            field = self.field()
            self.close()
            return Exists(field, column)
        reference = self.scanner.reference()
        if not reference:
            raise self.wrong("a reference is missing here", hint="for example from(student_data:v3)")
        self.close()
        return Related(cast(Way, word), reference, column)

    def comparison(self) -> Term:
        column = self.scanner.at
        field = self.field()
        if self.scanner.word("in"):
            return In(field, self.values(), column)
        operator = self.scanner.word("contains") or self.scanner.mark(*_OPERATORS)
        if not operator:
            raise self.wrong("an operator is missing here", hint="one of = != < <= > >= ~ contains in")
        start = self.scanner.at
        value = self.scanner.value()
        self.check_operator(operator, value, start)
        return Compare(field, cast(Operator, "=" if operator == "==" else operator), value, column)

    def check_operator(self, operator: str, value: Literal, start: int) -> None:
        if operator in ("~", "contains"):
            if value.kind != "text":
                raise wrong(self.scanner.text, start, f"{operator} takes text", hint='quote it: "0.5"')
            if len(str(value.value)) > MAX_PATTERN:
                raise wrong(self.scanner.text, start, "this text is too long", hint=f"at most {MAX_PATTERN} characters")
        if operator in _ORDERED and (value.kind in ("bool", "null") or value.value != value.value):
            raise wrong(self.scanner.text, start, f"nothing is {operator} {value.value}", hint="use = or !=")

    def values(self) -> tuple[Literal, ...]:
        if not self.scanner.mark("("):
            raise self.wrong("'(' is missing behind in", hint="for example type in (model, dataset)")
        values = [self.scanner.value()]
        while self.scanner.mark(","):
            values.append(self.scanner.value())
            if len(values) > MAX_VALUES:
                raise self.wrong(f"this is value {MAX_VALUES + 1}", hint=f"at most {MAX_VALUES} values")
        self.close()
        return tuple(values)

    def field(self) -> Field:
        scanner, column = self.scanner, self.scanner.at
        first = scanner.key()
        if first is None:
            raise self.wrong("a field is missing here", hint="for example type, tag, created or metadata.KEY")
        path = [first]
        while scanner.text[scanner.at : scanner.at + 1] == ".":
            scanner.at += 1
            key = scanner.key()
            if key is None:
                raise self.wrong("a key is missing here", hint='quote a key with dots or spaces: metadata."a.b"')
            path.append(key)
        scanner.skip()
        return self.named(path, column)

    def named(self, path: list[str], column: int) -> Field:
        first, *inner = path
        if first in SOURCES:
            if not inner:
                raise wrong(self.scanner.text, column, f"{first} needs a key", hint=f"for example {first}.lr")
            return Field(cast(Source, SOURCES[first]), tuple(inner), column)
        if inner:
            hint = f"did you mean metadata.{first}, config.{first} or summary.{first}?"
            raise wrong(self.scanner.text, column, f"{first[:60]!r} has no values inside", hint=hint)
        return Field("", (OTHER_NAMES.get(first, first),), column)

    def close(self) -> None:
        if not self.scanner.mark(")"):
            raise self.wrong("')' is missing here")

    def wrong(self, what: str, *, hint: str = "") -> Exception:
        return wrong(self.scanner.text, self.scanner.at, what, hint=hint)
