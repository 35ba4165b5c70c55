"""Voice activity: is this stretch of audio speech?"""
