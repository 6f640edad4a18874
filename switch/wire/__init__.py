"""HTTP with the outside: the two doors of the net, and the transport that sends exchanges."""
