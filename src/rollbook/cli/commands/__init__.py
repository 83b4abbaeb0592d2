"""One function per command. Its signature is the command's usage, its docstring the help."""
