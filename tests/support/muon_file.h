/* SPDX-License-Identifier: Apache-2.0 */
/* muon_file.h - a small file that the analysis dimuon runs on, for tests of what runs it. */
#ifndef TESTS_SUPPORT_MUON_FILE_H
#define TESTS_SUPPORT_MUON_FILE_H

#include "tests/support/hdf5_file.h"

enum { MUON_FILE_EVENTS = 1600, MUON_FILE_MUONS = 2 * MUON_FILE_EVENTS };

/* Two muons an event, in chunks of 200 events. */
static inline void muon_file_write(const char *folder, const char *name,
                                   char path[PUT_PATH_SIZE])
{
    static float pt[MUON_FILE_MUONS];
    static float eta[MUON_FILE_MUONS];
    static float phi[MUON_FILE_MUONS];
    static int8_t charge[MUON_FILE_MUONS];
    static int32_t count[MUON_FILE_EVENTS];
    for (size_t i = 0; i < MUON_FILE_MUONS; i++) {
        pt[i] = 3 + (float)(i * 37 % 101);
        eta[i] = -2 + (float)(i * 13 % 41) / 10;
        phi[i] = -3 + (float)(i * 7 % 61) / 10;
        charge[i] = i % 3 == 0 ? 1 : -1;
    }
    for (size_t e = 0; e < MUON_FILE_EVENTS; e++) {
        count[e] = 2;
    }
    hid_t file = put_file(folder, name, path);
    const struct put columns[] = {
        {"nMuon", H5T_STD_I32LE, H5T_NATIVE_INT32, count, MUON_FILE_EVENTS, 200, 0, NULL},
        {"Muon_pt", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, pt, MUON_FILE_MUONS, 400, PUT_DEFLATE,
         "GeV"},
        {"Muon_eta", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, eta, MUON_FILE_MUONS, 400, 0, NULL},
        {"Muon_phi", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, phi, MUON_FILE_MUONS, 400, 0, NULL},
        {"Muon_charge", H5T_STD_I8LE, H5T_NATIVE_INT8, charge, MUON_FILE_MUONS, 400, 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++) {
        put_column(file, &columns[i]);
    }
    (void)H5Fclose(file);
}

#endif
