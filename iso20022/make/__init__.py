"""Writing what is committed but made: the table of external codes and the table of rules.

``python -m iso20022.make codes FILE`` takes an edition of the ISO External Code Sets, ``python -m
iso20022.make rules`` takes the rules themselves. Tests fail when a committed file is not current.
"""
