"""What a process counts about itself, and the page on which it shows that."""
