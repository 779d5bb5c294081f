"""Everything that holds a secret or decides access: the hub's side of londata."""
