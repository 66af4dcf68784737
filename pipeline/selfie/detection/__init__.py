"""Where a face is in a picture: detectors, the face mesh, the pose, the applicant's own face."""
