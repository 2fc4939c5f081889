/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_check.c - see manifest.h */
#include <string.h>

#include "k8s/manifest.h"
#include "k8s/names.h"

int manifest_check_name(const char *name, struct error *err)
{
    if (strlen(name) <= MANIFEST_NAME_MOST && names_is_label(name)) {
        return 0;
    }
    return error_set(err, ERROR_INPUT,
                     "\"%.80s\" cannot name a run in Kubernetes: at most %d of a-z, 0-9 and -, "
                     "with no - at either end; give one by --name",
                     name, MANIFEST_NAME_MOST);
}

int manifest_check_placement(const struct placement *p, struct error *err)
{
    char field[PLACEMENT_FIELD_SIZE] = "";
    if (p->image == NULL) {
        return error_set(
            err, ERROR_INPUT,
            "kubernetes.image is missing: the pods' image, NAME@sha256:... or with a "
            "tag other than latest");
    }
    return placement_check(p, field, err) == 0 ? 0 : error_prefix(err, "kubernetes.%s", field);
}
