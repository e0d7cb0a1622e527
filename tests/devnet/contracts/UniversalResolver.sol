// SPDX-License-Identifier: Apache-2.0
// A test contract, not for any public chain: the interface of ENSIP-23's Universal Resolver, written for this project.
pragma solidity ^0.8.20;

import "./CcipResolver.sol";

interface IRegistry {
    function resolver(bytes32 node) external view returns (address);
    function owner(bytes32 node) external view returns (address);
    function setRecord(bytes32 node, address owner, address resolver, uint64 ttl) external;
}

struct GatewayRequest {
    address sender;
    string[] urls;
    bytes data;
}

interface IBatchGateway {
    function query(GatewayRequest[] memory requests) external returns (bool[] memory failures, bytes[] memory responses);
}

contract TestUniversalResolver {
    error ResolverNotFound(bytes name);
    error ResolverNotContract(bytes name, address resolver);
    error UnsupportedResolverProfile(bytes4 selector);
    error ResolverError(bytes errorData);
    error ReverseAddressMismatch(string primary, bytes primaryAddress);
    error HttpError(uint16 status, string message);
    error EmptyAddress();
    error DNSEncodingFailed(string name);

    uint256 constant ONE = 0;          // resolve() of one call
    uint256 constant MANY = 1;         // resolve() of a multicall
    uint256 constant REVERSE = 2;      // the reverse name's name()
    uint256 constant FORWARD = 3;      // the primary name's address
    uint256 constant PENDING = 0;
    uint256 constant WAITING = 1;
    uint256 constant DONE = 2;
    uint256 constant FAILED = 3;

    struct Item {
        uint256 state;
        bytes call;                    // what the resolver is called with next
        bytes4 selector;               // of the profile that was asked
        bytes data;                    // the result, or the error
        bytes4 callback;
        bytes extra;
    }
    struct Batch {
        uint256 kind;
        address resolver;
        bool extended;
        Item[] items;
        string[] gateways;
        bytes context;                 // what the end of this kind needs
    }
    struct Offchain {
        address sender;
        string[] urls;
        bytes callData;
        bytes4 callback;
        bytes extraData;
    }

    IRegistry public immutable registry;
    string[] internal gateways;

    constructor(IRegistry registry_) {
        registry = registry_;
        gateways.push("x-batch-gateway:true");
    }

    /// For tests: batch gateways of their own choice.
    function configure(string[] memory gateways_) external {
        delete gateways;
        for (uint256 i = 0; i < gateways_.length; i++)
            gateways.push(gateways_[i]);
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0xcd191b34;
    }

    // --- finding

    function namehash(bytes memory name, uint256 at) internal pure returns (bytes32) {
        uint256 size = uint8(name[at]);
        if (size == 0)
            return bytes32(0);
        bytes32 label;
        assembly { label := keccak256(add(add(name, 33), at), size) }
        return keccak256(abi.encodePacked(namehash(name, at + 1 + size), label));
    }

    function findResolver(bytes memory name) public view returns (address resolver, bytes32 node, uint256 offset) {
        node = namehash(name, 0);
        while (uint8(name[offset]) != 0) {
            resolver = registry.resolver(namehash(name, offset));
            if (resolver != address(0))
                return (resolver, node, offset);
            offset += 1 + uint8(name[offset]);
        }
        return (address(0), node, offset);
    }

    function says(address resolver, bytes4 id) internal view returns (bool) {
        (bool ok, bytes memory out) = resolver.staticcall{gas: 30000}(abi.encodeWithSelector(0x01ffc9a7, id));
        return ok && out.length >= 32 && abi.decode(out, (uint256)) == 1;
    }

    function isExtended(address resolver) internal view returns (bool) {
        return says(resolver, 0x01ffc9a7) && !says(resolver, 0xffffffff) && says(resolver, 0x9061b923);
    }

    function requireResolver(bytes memory name) public view
        returns (bytes memory, uint256 offset, bytes32 node, address resolver, bool extended) {
        (resolver, node, offset) = findResolver(name);
        if (resolver == address(0))
            revert ResolverNotFound(name);
        if (resolver.code.length == 0)
            revert ResolverNotContract(name, resolver);
        extended = isExtended(resolver);
        if (offset != 0 && !extended)
            revert ResolverNotFound(name);
        return (name, offset, node, resolver, extended);
    }

    // --- asking

    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory, address) {
        return forward(name, data, gateways);
    }

    function resolveWithGateways(bytes calldata name, bytes calldata data, string[] memory list) external view
        returns (bytes memory, address) {
        return forward(name, data, list);
    }

    function resolveWithResolver(address resolver, bytes calldata name, bytes calldata data, string[] memory list)
        external view returns (bytes memory, address) {
        if (resolver.code.length == 0)
            revert ResolverNotContract(name, resolver);
        return ask(resolver, isExtended(resolver), name, data, list);
    }

    function forward(bytes calldata name, bytes calldata data, string[] memory list) internal view
        returns (bytes memory, address) {
        (,,, address resolver, bool extended) = requireResolver(name);
        return ask(resolver, extended, name, data, list);
    }

    function ask(address resolver, bool extended, bytes calldata name, bytes calldata data, string[] memory list)
        internal view returns (bytes memory, address) {
        bytes[] memory calls;
        bool many = bytes4(data) == 0xac9650d8;
        if (many) {
            calls = abi.decode(data[4:], (bytes[]));
        } else {
            calls = new bytes[](1);
            calls[0] = data;
        }
        run(batch(many ? MANY : ONE, resolver, extended, name, calls, list, ""));
        return ("", address(0));       // run() does not come back
    }

    function batch(uint256 kind, address resolver, bool extended, bytes memory name, bytes[] memory calls,
        string[] memory list, bytes memory context) internal pure returns (Batch memory b) {
        b.kind = kind;
        b.resolver = resolver;
        b.extended = extended;
        b.gateways = list;
        b.context = context;
        b.items = new Item[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            b.items[i].selector = bytes4(calls[i]);
            b.items[i].call = extended ? abi.encodeWithSelector(0x9061b923, name, calls[i]) : calls[i];
        }
    }

    // --- one round: call what is pending; look up what waits, or come to the end

    function run(Batch memory b) internal view {
        GatewayRequest[] memory requests = new GatewayRequest[](b.items.length);
        uint256 waiting;
        for (uint256 i = 0; i < b.items.length; i++) {
            Item memory item = b.items[i];
            if (item.state != PENDING)
                continue;
            (bool ok, bytes memory out) = b.resolver.staticcall(item.call);
            if (ok) {
                settle(item, b.extended, out);
                continue;
            }
            item.state = FAILED;
            item.data = out;
            if (out.length < 4 || bytes4(out) != OffchainLookup.selector)
                continue;
            Offchain memory o = lookupOf(out);
            if (o.sender != b.resolver)
                continue;
            item.state = WAITING;
            item.data = "";
            item.callback = o.callback;
            item.extra = o.extraData;
            requests[waiting++] = GatewayRequest(o.sender, o.urls, o.callData);
        }
        if (waiting == 0)
            end(b);
        assembly { mstore(requests, waiting) }
        revert OffchainLookup(address(this), b.gateways, abi.encodeCall(IBatchGateway.query, (requests)),
            this.batchCallback.selector, abi.encode(b));
    }

    function settle(Item memory item, bool extended, bytes memory out) internal pure {
        item.state = DONE;
        if (extended && out.length > 0)
            out = abi.decode(out, (bytes));
        item.data = out;
        if (out.length == 0) {
            item.state = FAILED;
            item.data = abi.encodeWithSelector(UnsupportedResolverProfile.selector, item.selector);
        }
    }

    function lookupOf(bytes memory out) internal pure returns (Offchain memory o) {
        bytes memory body = new bytes(out.length - 4);
        for (uint256 i = 0; i < body.length; i += 32)
            assembly { mstore(add(add(body, 32), i), mload(add(add(out, 36), i))) }
        (o.sender, o.urls, o.callData, o.callback, o.extraData) =
            abi.decode(body, (address, string[], bytes, bytes4, bytes));
    }

    function batchCallback(bytes calldata response, bytes calldata extra) external view {
        Batch memory b = abi.decode(extra, (Batch));
        (bool[] memory failures, bytes[] memory responses) = abi.decode(response, (bool[], bytes[]));
        require(failures.length == responses.length, "batch gateway: lengths");
        uint256 at;
        for (uint256 i = 0; i < b.items.length; i++) {
            Item memory item = b.items[i];
            if (item.state != WAITING)
                continue;
            if (failures[at]) {
                item.state = FAILED;
                item.data = responses[at];
            } else {
                item.state = PENDING;
                item.call = abi.encodeWithSelector(item.callback, responses[at], item.extra);
            }
            at++;
        }
        require(at == failures.length, "batch gateway: count");
        run(b);
    }

    // --- ends

    function give(bytes memory out) internal pure {
        assembly { return(add(out, 32), mload(out)) }
    }

    function fail(bytes memory data) internal pure {
        bytes4 selector = data.length >= 4 ? bytes4(data) : bytes4(0);
        if (selector != UnsupportedResolverProfile.selector && selector != HttpError.selector)
            revert ResolverError(data);
        assembly { revert(add(data, 32), mload(data)) }
    }

    function end(Batch memory b) internal view {
        if (b.kind == MANY) {
            bytes[] memory all = new bytes[](b.items.length);
            for (uint256 i = 0; i < all.length; i++)
                all[i] = b.items[i].data;
            give(abi.encode(abi.encode(all), b.resolver));
        }
        Item memory item = b.items[0];
        if (item.state == FAILED)
            fail(item.data);
        if (b.kind == ONE)
            give(abi.encode(item.data, b.resolver));
        if (b.kind == REVERSE)
            named(b, item.data);
        compare(b, item.data);
    }

    // --- primary names, ENSIP-19

    function reverse(bytes calldata account, uint256 coinType) external view returns (string memory, address, address) {
        return backward(account, coinType, gateways);
    }

    function reverseWithGateways(bytes calldata account, uint256 coinType, string[] memory list) external view
        returns (string memory, address, address) {
        return backward(account, coinType, list);
    }

    function backward(bytes memory account, uint256 coinType, string[] memory list) internal view
        returns (string memory, address, address) {
        if (account.length == 0)
            revert EmptyAddress();
        bytes memory parent = coinType == 60 ? bytes("addr") : coinType == 0x80000000 ? bytes("default") : hexNumber(coinType);
        bytes memory label = hexBytes(account);
        bytes memory name = abi.encodePacked(uint8(label.length), label, uint8(parent.length), parent, "\x07reverse\x00");
        (,, bytes32 node, address resolver, bool extended) = requireResolver(name);
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeWithSelector(0x691f3431, node);
        run(batch(REVERSE, resolver, extended, name, calls, list, abi.encode(account, coinType)));
        return ("", address(0), address(0));
    }

    function named(Batch memory b, bytes memory data) internal view {
        string memory primary = abi.decode(data, (string));
        if (bytes(primary).length == 0)
            give(abi.encode("", address(0), b.resolver));
        (bytes memory account, uint256 coinType) = abi.decode(b.context, (bytes, uint256));
        bytes memory name = dnsEncode(primary);
        (,, bytes32 node, address resolver, bool extended) = requireResolver(name);
        bytes[] memory calls = new bytes[](1);
        calls[0] = coinType == 60 ? abi.encodeWithSelector(0x3b3b57de, node) : abi.encodeWithSelector(0xf1cb7e06, node, coinType);
        run(batch(FORWARD, resolver, extended, name, calls, b.gateways, abi.encode(primary, account, coinType, b.resolver)));
    }

    function compare(Batch memory b, bytes memory data) internal pure {
        (string memory primary, bytes memory account, uint256 coinType, address reverseResolver) =
            abi.decode(b.context, (string, bytes, uint256, address));
        bytes memory value;
        if (coinType == 60) {
            address plain = abi.decode(data, (address));
            value = plain == address(0) ? bytes("") : abi.encodePacked(plain);
        } else {
            value = abi.decode(data, (bytes));
        }
        if (keccak256(value) != keccak256(account))
            revert ReverseAddressMismatch(primary, value);
        give(abi.encode(primary, b.resolver, reverseResolver));
    }

    function dnsEncode(string memory text) internal pure returns (bytes memory name) {
        bytes memory t = bytes(text);
        name = new bytes(t.length + 2);
        uint256 start;
        for (uint256 i = 0; i <= t.length; i++) {
            if (i < t.length && t[i] != ".") {
                name[i + 1] = t[i];
                continue;
            }
            if (i == start || i - start > 255)
                revert DNSEncodingFailed(text);
            name[start] = bytes1(uint8(i - start));
            start = i + 1;
        }
    }

    function hexBytes(bytes memory data) internal pure returns (bytes memory text) {
        text = new bytes(data.length * 2);
        for (uint256 i = 0; i < data.length; i++) {
            text[2 * i] = bytes("0123456789abcdef")[uint8(data[i]) >> 4];
            text[2 * i + 1] = bytes("0123456789abcdef")[uint8(data[i]) & 15];
        }
    }

    function hexNumber(uint256 number) internal pure returns (bytes memory) {
        bytes memory whole = hexBytes(abi.encode(number));
        uint256 from;
        while (from < 63 && whole[from] == "0")
            from++;
        bytes memory text = new bytes(64 - from);
        for (uint256 i = 0; i < text.length; i++)
            text[i] = whole[from + i];
        return text;
    }
}
