"""bakong-switch: the payment switch between Bakong and foreign payment networks.

Start reading at ``model``, then ``lifecycle``, ``decide``, ``port``; ``app`` composes the parts.
"""
