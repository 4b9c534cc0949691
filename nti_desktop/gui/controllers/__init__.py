"""What the window does with a photo: each controller one thing. Widgets show and ask, controllers answer."""
