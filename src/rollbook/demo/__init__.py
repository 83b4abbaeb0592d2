"""The demo: the main job on real student records, and the user's guide on synthetic tutoring interactions.

Uses Rollbook as a user would, through the public SDK. The pure parts (loading, cleaning, features, training, faults)
know nothing of Rollbook's storage. Needs the extra `demo`; only the command line imports this room.
"""
