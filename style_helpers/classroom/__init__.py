"""What instructors need: the doctor, how long lessons take on a machine, and the folder for a class."""
