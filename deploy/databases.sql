-- A collection is a database of its own; the first one, staff, is made by the image.
CREATE DATABASE visitors;
