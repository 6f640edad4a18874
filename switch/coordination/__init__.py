"""What processes of one switch share and can do without: bounds drawn upon, and hints."""
