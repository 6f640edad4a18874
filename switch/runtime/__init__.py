"""The process around the pure core: clock, entropy, identifiers, tasks, threads and signals.

Everything here is injected, so the same code runs in production and in the simulation.
"""
