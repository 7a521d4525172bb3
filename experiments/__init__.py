"""The benchmark table, its pictures and its JSON summary, and the speed comparison.

``python -m experiments --help`` lists the commands. Every row of the table is one entry of
`experiments.tasks.TASKS`.
"""
