"""What everything that analysts see is made of: safe text, and a few pieces of HTML. Pure."""
