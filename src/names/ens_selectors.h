/* SPDX-License-Identifier: Apache-2.0 */
/* names/ens_selectors.h -- functions and errors of the contracts of ENS, and events that tell of changes.
 *
 * A function or an error goes by the first four octets of keccak-256 of its signature, an event by all 32.  One table:
 * ENS_SELECTORS(X) gives X(name, number, signature) for each, ENS_TOPICS(X) the same with the digits of the topic.  A test computes them anew. */
#ifndef NAMES_ENS_SELECTORS_H
#define NAMES_ENS_SELECTORS_H

#define ENS_SELECTORS(X) \
    /* registry */ \
    X(ENS_OWNER, 0x02571be3, "owner(bytes32)") \
    X(ENS_RESOLVER, 0x0178b8bf, "resolver(bytes32)") \
    X(ENS_TTL, 0x16a25cbd, "ttl(bytes32)") \
    X(ENS_RECORD_EXISTS, 0xf79fe538, "recordExists(bytes32)") \
    X(ENS_SET_OWNER, 0x5b0fc9c3, "setOwner(bytes32,address)") \
    X(ENS_SET_RESOLVER, 0x1896f70a, "setResolver(bytes32,address)") \
    X(ENS_SET_TTL, 0x14ab9038, "setTTL(bytes32,uint64)") \
    X(ENS_SET_RECORD, 0xcf408823, "setRecord(bytes32,address,address,uint64)") \
    X(ENS_SET_SUBNODE_OWNER, 0x06ab5923, "setSubnodeOwner(bytes32,bytes32,address)") \
    X(ENS_SET_SUBNODE_RECORD, 0x5ef2c7f0, "setSubnodeRecord(bytes32,bytes32,address,address,uint64)") \
    X(ENS_SET_APPROVAL_FOR_ALL, 0xa22cb465, "setApprovalForAll(address,bool)") \
    X(ENS_IS_APPROVED_FOR_ALL, 0xe985e9c5, "isApprovedForAll(address,address)") \
    X(ENS_OLD, 0xb83f8663, "old()") \
    /* resolvers */ \
    X(ENS_SUPPORTS_INTERFACE, 0x01ffc9a7, "supportsInterface(bytes4)") \
    X(ENS_ADDR, 0x3b3b57de, "addr(bytes32)") \
    X(ENS_SET_ADDR, 0xd5fa2b00, "setAddr(bytes32,address)") \
    X(ENS_ADDR_COIN, 0xf1cb7e06, "addr(bytes32,uint256)") \
    X(ENS_SET_ADDR_COIN, 0x8b95dd71, "setAddr(bytes32,uint256,bytes)") \
    X(ENS_TEXT, 0x59d1d43c, "text(bytes32,string)") \
    X(ENS_SET_TEXT, 0x10f13a8c, "setText(bytes32,string,string)") \
    X(ENS_CONTENTHASH, 0xbc1c58d1, "contenthash(bytes32)") \
    X(ENS_SET_CONTENTHASH, 0x304e6ade, "setContenthash(bytes32,bytes)") \
    X(ENS_CONTENT, 0x2dff6941, "content(bytes32)") \
    X(ENS_MULTIHASH, 0xe89401a1, "multihash(bytes32)") \
    X(ENS_ABI, 0x2203ab56, "ABI(bytes32,uint256)") \
    X(ENS_PUBKEY, 0xc8690233, "pubkey(bytes32)") \
    X(ENS_SET_PUBKEY, 0x29cd62ea, "setPubkey(bytes32,bytes32,bytes32)") \
    X(ENS_NAME, 0x691f3431, "name(bytes32)") \
    X(ENS_SET_NAME, 0x77372213, "setName(bytes32,string)") \
    X(ENS_INTERFACE, 0x124a319c, "interfaceImplementer(bytes32,bytes4)") \
    X(ENS_DNS_RECORD, 0xa8fa5682, "dnsRecord(bytes32,bytes32,uint16)") \
    X(ENS_DNS_RECORDS_OLD, 0x2461e851, "dnsRecords(bytes32,bytes32,uint16)") \
    X(ENS_HAS_DNS_RECORDS, 0x4cbf6ba4, "hasDNSRecords(bytes32,bytes32)") \
    X(ENS_SET_DNS_RECORDS, 0x0af179d7, "setDNSRecords(bytes32,bytes)") \
    X(ENS_ZONEHASH, 0x5c98042b, "zonehash(bytes32)") \
    X(ENS_SET_ZONEHASH, 0xce3decdc, "setZonehash(bytes32,bytes)") \
    X(ENS_RECORD_VERSIONS, 0xd700ff33, "recordVersions(bytes32)") \
    X(ENS_CLEAR_RECORDS, 0x3603d758, "clearRecords(bytes32)") \
    X(ENS_MULTICALL, 0xac9650d8, "multicall(bytes[])") \
    X(ENS_MULTICALL_CHECKED, 0xe32954eb, "multicallWithNodeCheck(bytes32,bytes[])") \
    X(ENS_RESOLVE, 0x9061b923, "resolve(bytes,bytes)") \
    X(ENS_SUPPORTS_FEATURE, 0x582de3e7, "supportsFeature(bytes4)") \
    /* Universal Resolver */ \
    X(ENS_FIND_RESOLVER, 0xa1cbcbaf, "findResolver(bytes)") \
    X(ENS_UNIVERSAL_REVERSE, 0x5d78a217, "reverse(bytes,uint256)") \
    X(ENS_ERROR_RESOLVER_NOT_FOUND, 0x77209fe8, "ResolverNotFound(bytes)") \
    X(ENS_ERROR_RESOLVER_NOT_FOUND_1, 0x7199966d, "ResolverNotFound()") \
    X(ENS_ERROR_NO_WILDCARD_1, 0x82c2c728, "ResolverWildcardNotSupported()") \
    X(ENS_ERROR_NOT_CONTRACT, 0x1e9535f2, "ResolverNotContract(bytes,address)") \
    X(ENS_ERROR_UNSUPPORTED_PROFILE, 0x7b1c461b, "UnsupportedResolverProfile(bytes4)") \
    X(ENS_ERROR_RESOLVER, 0x95c0c752, "ResolverError(bytes)") \
    X(ENS_ERROR_REVERSE_MISMATCH, 0xef9c03ce, "ReverseAddressMismatch(string,bytes)") \
    X(ENS_ERROR_HTTP, 0x01800152, "HttpError(uint16,string)") \
    X(ENS_ERROR_HTTP_1, 0xca7a4e75, "HttpError((uint16,string)[])") \
    X(ENS_ERROR_EMPTY_ADDRESS, 0x7138356f, "EmptyAddress()") \
    X(ENS_ERROR_OFFCHAIN_LOOKUP, 0x556f1830, "OffchainLookup(address,string[],bytes,bytes4,bytes)") \
    /* base registrar and name wrapper */ \
    X(ENS_NAME_EXPIRES, 0xd6e4fa86, "nameExpires(uint256)") \
    X(ENS_OWNER_OF, 0x6352211e, "ownerOf(uint256)") \
    X(ENS_AVAILABLE_ID, 0x96e494e8, "available(uint256)") \
    X(ENS_RECLAIM, 0x28ed4f6c, "reclaim(uint256,address)") \
    X(ENS_CONTROLLERS, 0xda8c229e, "controllers(address)") \
    X(ENS_WRAPPER_GET_DATA, 0x0178fe3f, "getData(uint256)") \
    X(ENS_IS_WRAPPED, 0xfd0cd0d9, "isWrapped(bytes32)") \
    X(ENS_WRAPPER_NAMES, 0x20c38e2b, "names(bytes32)")

#define ENS_TOPICS(X) \
    X(NEW_OWNER, "ce0457fe73731f824cc272376169235128c118b49d344817417c6d108d155e82", "NewOwner(bytes32,bytes32,address)") \
    X(TRANSFER_TOKEN, "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef", "Transfer(address,address,uint256)") \
    X(TRANSFER_SINGLE, "c3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62", "TransferSingle(address,address,address,uint256,uint256)") \
    X(TRANSFER_BATCH, "4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb", "TransferBatch(address,address,address,uint256[],uint256[])") \
    X(UPGRADED, "bc7cd75a20ee27fd9adebab32041f755214dbc6bffa90cc0225b39da2e5c2d3b", "Upgraded(address)") \
    X(BEACON_UPGRADED, "1cf3b03a6cf19fa2baba4df148e9dcabedea7f8a5c07840e207e5c089be95d3e", "BeaconUpgraded(address)")

#define ENS_SELECTOR_ENTRY(name, number, signature) name = number,
enum ens_selector { ENS_SELECTORS(ENS_SELECTOR_ENTRY) };
#undef ENS_SELECTOR_ENTRY

#endif
