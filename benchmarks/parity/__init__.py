"""The exported model beside scikit-learn: labels, size and speed."""
