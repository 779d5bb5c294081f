"""What insights are made of: numbers, words and controls for Voila apps. A notebook only puts them together."""
