"""FaceBN: BatchNorm statistics of unlabelled target faces, kept as data and swapped in reversibly."""
