/* SPDX-License-Identifier: Apache-2.0 */
/* format_hdf5.h - HDF5 files as a format: flat lists of numbers, in one piece or in chunks. */
#ifndef WORKER_FORMAT_HDF5_H
#define WORKER_FORMAT_HDF5_H

#include "worker/format.h"

extern const struct format format_hdf5;

#endif
