"""What the hub does by itself: it runs scheduled reports as those who scheduled them, and puts them on the shelf."""
