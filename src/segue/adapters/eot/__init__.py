"""End of turn: has the user finished, judging by how they sound?"""
