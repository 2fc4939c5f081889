/* SPDX-License-Identifier: Apache-2.0 */
/* quantity.h - amounts as Kubernetes writes them: "250m" (processors), "1.5Gi", "2e9" (bytes). */
#ifndef K8S_QUANTITY_H
#define K8S_QUANTITY_H

#include <stdbool.h>

/* The amount in units of one; false, and *value untouched, for what is no quantity, or one
 * below 0 or not below 2^63. A double, for comparing: amounts of this kind differ by more than its rounding. */
bool quantity_parse(const char *text, double *value);

#endif
