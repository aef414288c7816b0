"""DICOM files to stacks of slices."""
