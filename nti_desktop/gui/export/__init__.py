"""How a picture is exported."""
