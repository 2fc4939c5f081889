/* SPDX-License-Identifier: Apache-2.0 */
/* invitation.h - worker.json of a run's folder: where its scheduler listens, and the keys to get in. */
#ifndef WORKER_INVITATION_H
#define WORKER_INVITATION_H

#include "base/error.h"
#include "worker/message.h"
#include "worker/wire.h"

/* Connects as the file says; run becomes the run's id, for HELLO. NULL with ERROR_INPUT if the file is
 * no invitation. The caller calls wire_close. */
struct wire *invitation_join(const char *path, char run[MESSAGE_NAME_SIZE], struct error *err);

#endif
