"""The library: values in, values out. It knows neither Luigi nor S3."""
