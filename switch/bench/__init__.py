"""What a payment costs the switch, measured on real parts."""
