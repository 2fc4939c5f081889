/* SPDX-License-Identifier: Apache-2.0 */
/* format_hdf5_type.c - see format_hdf5_check.h */
#include "worker/format_hdf5_check.h"

#include <strings.h>

#include "base/size.h"

enum { ENUM_VALUE_MAX = 8 };

/* Two members, FALSE = 0 and TRUE = 1, in either order: how h5py and others store booleans. */
static bool is_boolean(hid_t type, size_t size)
{
    if (H5Tget_nmembers(type) != 2 || size > ENUM_VALUE_MAX) {
        return false;
    }
    bool seen[2] = {false, false};
    for (unsigned i = 0; i < 2; i++) {
        char value[ENUM_VALUE_MAX] = {0};
        char *name = H5Tget_member_name(type, i);
        if (name == NULL || H5Tget_member_value(type, i, value) < 0) {
            (void)H5free_memory(name);
            return false;
        }
        bool truth = strcasecmp(name, "TRUE") == 0;
        bool named = truth || strcasecmp(name, "FALSE") == 0;
        (void)H5free_memory(name);
        int sum = 0;
        for (size_t k = 0; k < sizeof value; k++) {
            sum += value[k];
        }
        /* The 1 is the first byte or the last of the size, by the byte order. */
        bool right = truth ? sum == 1 && value[0] + value[size - 1] >= 1 : sum == 0;
        seen[truth] = named && right;
    }
    return seen[0] && seen[1];
}

/* IEEE half precision, which HDF5 1.10 has no name for. Closed by the caller. */
static hid_t half_type(H5T_order_t order)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    if (type >= 0 && (H5Tset_fields(type, 15, 10, 5, 0, 10) < 0 || H5Tset_size(type, 2) < 0 ||
                      H5Tset_ebias(type, 15) < 0 || H5Tset_order(type, order) < 0)) {
        (void)H5Tclose(type);
        type = H5I_INVALID_HID;
    }
    return type;
}

static bool is_half(hid_t type, H5T_order_t order)
{
    hid_t half = half_type(order);
    bool same = half >= 0 && H5Tequal(type, half) > 0;
    if (half >= 0) {
        (void)H5Tclose(half);
    }
    return same;
}

/* The kind of a number of this class, and the type of this machine that it is read as. */
static bool find_number(hid_t type, struct format_column *out, hid_t *memory)
{
    const struct {
        hid_t le, be, memory;
        enum format_kind kind;
    } known[] = {
        /* clang-format off */
        {H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, FORMAT_REAL},
        {H5T_IEEE_F64LE, H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, FORMAT_REAL},
        {H5T_STD_I8LE, H5T_STD_I8BE, H5T_NATIVE_INT8, FORMAT_SIGNED},
        {H5T_STD_I16LE, H5T_STD_I16BE, H5T_NATIVE_INT16, FORMAT_SIGNED},
        {H5T_STD_I32LE, H5T_STD_I32BE, H5T_NATIVE_INT32, FORMAT_SIGNED},
        {H5T_STD_I64LE, H5T_STD_I64BE, H5T_NATIVE_INT64, FORMAT_SIGNED},
        {H5T_STD_U8LE, H5T_STD_U8BE, H5T_NATIVE_UINT8, FORMAT_UNSIGNED},
        {H5T_STD_U16LE, H5T_STD_U16BE, H5T_NATIVE_UINT16, FORMAT_UNSIGNED},
        {H5T_STD_U32LE, H5T_STD_U32BE, H5T_NATIVE_UINT32, FORMAT_UNSIGNED},
        {H5T_STD_U64LE, H5T_STD_U64BE, H5T_NATIVE_UINT64, FORMAT_UNSIGNED},
        {H5T_STD_B8LE, H5T_STD_B8BE, H5T_NATIVE_B8, FORMAT_BOOLEAN}, /* PyTables */
        /* clang-format on */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (H5Tequal(type, known[i].le) > 0 || H5Tequal(type, known[i].be) > 0) {
            out->kind = known[i].kind;
            *memory = known[i].memory;
            return true;
        }
    }
    if (is_half(type, H5T_ORDER_LE) || is_half(type, H5T_ORDER_BE)) {
        out->kind = FORMAT_REAL;
        *memory = H5T_NATIVE_FLOAT;
        return true;
    }
    return false;
}

static bool find_boolean(hid_t type, struct format_column *out)
{
    hid_t base = H5Tget_super(type);
    hid_t unused = H5I_INVALID_HID;
    bool found = base >= 0 && find_number(base, out, &unused) && out->kind != FORMAT_REAL &&
                 is_boolean(type, H5Tget_size(type));
    if (base >= 0) {
        (void)H5Tclose(base);
    }
    out->kind = FORMAT_BOOLEAN;
    return found;
}

static const char *class_name(H5T_class_t class)
{
    static const char *const names[] = {
        [H5T_INTEGER] = "an integer of an unusual layout",
        [H5T_FLOAT] = "a floating-point number that is not IEEE of 2, 4 or 8 bytes",
        [H5T_TIME] = "a time",
        [H5T_STRING] = "text",
        [H5T_BITFIELD] = "a bit field",
        [H5T_OPAQUE] = "opaque bytes",
        [H5T_COMPOUND] = "a compound",
        [H5T_REFERENCE] = "a reference",
        [H5T_ENUM] = "an enumeration other than FALSE = 0, TRUE = 1",
        [H5T_VLEN] = "a list of variable length",
        [H5T_ARRAY] = "an array",
    };
    return class < 0 || (size_t) class >= ARRAY_LENGTH(names) ? "unknown" : names[class];
}

static int describe_type(hid_t type, struct format_column *out, hid_t *memory,
                         struct error *err)
{
    H5T_class_t class = H5Tget_class(type);
    if (class == H5T_ENUM && find_boolean(type, out)) {
        *memory = H5Tget_native_type(type, H5T_DIR_ASCEND);
    } else if (class != H5T_ENUM && find_number(type, out, memory)) {
        *memory = H5Tcopy(*memory);
    } else {
        return error_set(err, ERROR_INPUT, "its type is %s; a number or a boolean is needed",
                         class_name(class));
    }
    out->size = H5Tget_size(type);
    out->raw_size = *memory < 0 ? 0 : H5Tget_size(*memory);
    out->big_endian = out->size > 1 && H5Tget_order(type) == H5T_ORDER_BE;
    if (out->size == 0 || out->size > sizeof(double) || out->raw_size == 0 ||
        out->raw_size > sizeof(double)) {
        return hdf5_fail(err, "its type cannot be read");
    }
    return 0;
}

int hdf5_check_type(hid_t dataset, struct format_column *out, hid_t *memory_type,
                    struct error *err)
{
    hid_t type = H5Dget_type(dataset);
    if (type < 0) {
        return hdf5_fail(err, "its type cannot be read");
    }
    int rc = describe_type(type, out, memory_type, err);
    (void)H5Tclose(type);
    return rc;
}
