"""The catalogues of messages, a file a room, and the program that keeps them."""
