"""The record: engines over one contract, the journal, the vault."""
