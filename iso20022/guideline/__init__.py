"""The generated guideline schemas; ``python -m iso20022.guideline`` writes them again.

Every file here follows from the declarations in ``iso20022.messages``. None is edited by hand, and
a test fails when one is not what its declaration says.
"""
