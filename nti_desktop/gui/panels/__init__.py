"""Everything around the photo. A panel shows what it is given and says what the user asked for; it decides nothing."""
