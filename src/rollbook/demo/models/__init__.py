"""The demo's models: trained, saved as plain JSON and NumPy arrays (no pickle), loaded again, simplest first.

`linear`, `bkt` and `trees` need NumPy only; `ensembles` trains trees with scikit-learn; `tabular` and `sequence` are
small transformers that need the optional extra `torch`.
A saved model is a folder with `model.json` (what a person can read) and, where there are many numbers, one `.npy` file.
Scoring needs neither scikit-learn nor the code that trained the model, except for the transformers.
"""
