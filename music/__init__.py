"""Notes, piano rolls, MIDI, phrases and musical metrics; imports nothing of ours."""
