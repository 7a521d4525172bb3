"""Train the benchmark table: ``python neural_nets_test.py`` is ``python -m experiments table``.

Despite its name this is a program, not a file of tests; those are in ``tests``.
"""

import sys

from experiments.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["table", *sys.argv[1:]]))
