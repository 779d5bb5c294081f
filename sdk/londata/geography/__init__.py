"""The areas of London, and how charts and maps of them look. Reports and apps share it."""
