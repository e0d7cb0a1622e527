/* SPDX-License-Identifier: Apache-2.0 */
/* names/uns_selectors.h -- functions of the contracts of Unstoppable Domains: the first four octets of keccak-256 of each signature.
 * UNS_SELECTORS(X) gives X(name, number, signature) for each.  A test computes them anew. */
#ifndef NAMES_UNS_SELECTORS_H
#define NAMES_UNS_SELECTORS_H

#define UNS_SELECTORS(X) \
    /* ProxyReader */ \
    X(UNS_GET_DATA, 0x91015f6b, "getData(string[],uint256)") \
    X(UNS_REVERSE_NAME_OF, 0xbebec6b4, "reverseNameOf(address)") \
    X(UNS_REVERSE_OF, 0x7e37479e, "reverseOf(address)") \
    X(UNS_EXISTS, 0x4f558e79, "exists(uint256)") \
    X(UNS_REGISTRY_OF, 0xa81ce6f9, "registryOf(uint256)") \
    /* registry */ \
    X(UNS_OWNER_OF, 0x6352211e, "ownerOf(uint256)") \
    X(UNS_EXPIRY_OF, 0xbaef73e9, "expiryOf(uint256)") \
    X(UNS_IS_EXPIRED, 0xd9548e53, "isExpired(uint256)") \
    X(UNS_SET, 0x47c81699, "set(string,string,uint256)") \
    X(UNS_SET_MANY, 0xce92b33e, "setMany(string[],string[],uint256)") \
    X(UNS_RECONFIGURE, 0xec129eea, "reconfigure(string[],string[],uint256)") \
    X(UNS_RESET, 0x310bd74b, "reset(uint256)") \
    X(UNS_SET_OWNER, 0xab3b87fe, "setOwner(address,uint256)") \
    X(UNS_TRANSFER_FROM, 0x23b872dd, "transferFrom(address,address,uint256)") \
    X(UNS_SAFE_TRANSFER_FROM, 0x42842e0e, "safeTransferFrom(address,address,uint256)") \
    X(UNS_SET_REVERSE, 0x663f7b2a, "setReverse(string[])") \
    X(UNS_REMOVE_REVERSE, 0xf25eb5c1, "removeReverse()") \
    X(UNS_BURN, 0x42966c68, "burn(uint256)")

#define UNS_SELECTOR_ENTRY(name, number, signature) name = number,
enum uns_selector { UNS_SELECTORS(UNS_SELECTOR_ENTRY) };
#undef UNS_SELECTOR_ENTRY

#endif
