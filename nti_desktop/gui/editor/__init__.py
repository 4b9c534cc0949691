"""The photo’s page: panels around the canvas. A panel shows what it is given and says what was asked for."""
