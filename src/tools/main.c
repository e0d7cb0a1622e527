/* SPDX-License-Identifier: Apache-2.0 */
/* rhiz: everything but the daemon. */
#include "tools/tools.h"

int main(int argc, char **argv)
{
    return tools_main(argc, argv);
}
