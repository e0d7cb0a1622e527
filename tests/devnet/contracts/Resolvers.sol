// SPDX-License-Identifier: Apache-2.0
// Test contracts, not for any public chain: resolvers that a client must be able to bear.
pragma solidity ^0.8.20;

/// Code nobody knows, without ERC-165 and without events; what it does not know it answers as it is told.
contract TestStrangeResolver {
    uint256 constant BURN = 0;       // takes all gas
    uint256 constant REVERT = 1;     // without data
    uint256 constant EMPTY = 2;      // succeeds without data
    uint256 constant SHORT = 3;      // five octets
    uint256 constant LOOP = 4;       // takes all gas slowly

    mapping(bytes32 => address) public addr;
    mapping(bytes32 => mapping(string => string)) public text;
    uint256 public mode;

    function configure(uint256 mode_) external { mode = mode_; }
    function setAddr(bytes32 node, address value) external { addr[node] = value; }
    function setText(bytes32 node, string calldata key, string calldata value) external { text[node][key] = value; }

    fallback() external {
        if (mode == BURN)
            assembly { invalid() }
        if (mode == REVERT)
            assembly { revert(0, 0) }
        if (mode == SHORT)
            assembly { mstore(0, not(0)) return(0, 5) }
        while (mode == LOOP) {}
    }
}

/// An extended resolver on the chain: it derives everything from the name; of names whose first label is "missing", nothing.
contract TestWildcardResolver {
    error UnsupportedResolverProfile(bytes4 selector);

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0x9061b923 || id == 0x582de3e7;
    }

    function supportsFeature(bytes4 feature) external pure returns (bool) { return feature == 0x96b62db8; }

    function resolve(bytes calldata name, bytes calldata data) public view returns (bytes memory) {
        bytes4 what = bytes4(data);
        if (what == 0xac9650d8)
            return many(name, abi.decode(data[4:], (bytes[])));
        bool missing = name.length > 8 && keccak256(name[:8]) == keccak256("\x07missing");
        bytes20 derived = bytes20(uint160(uint256(keccak256(bytes(dotted(name))))));
        if (what == 0x3b3b57de)
            return abi.encode(missing ? address(0) : address(derived));
        if (what == 0xf1cb7e06) {
            (, uint256 coin) = abi.decode(data[4:], (bytes32, uint256));
            return abi.encode(missing || coin != 60 ? bytes("") : abi.encodePacked(derived));
        }
        if (what == 0x59d1d43c) {
            (, string memory key) = abi.decode(data[4:], (bytes32, string));
            return abi.encode(missing ? "" : string.concat(key, " of ", dotted(name)));
        }
        if (what == 0xbc1c58d1)
            return abi.encode(bytes(""));
        if (what == 0xa8fa5682) {
            (, bytes32 owner, uint16 kind) = abi.decode(data[4:], (bytes32, bytes32, uint16));
            bool mine = !missing && kind == 1 && owner == keccak256(name);
            return abi.encode(mine ? abi.encodePacked(name, hex"00010001000000780004c00002", uint8(derived[19])) : bytes(""));
        }
        if (what == 0x4cbf6ba4) {
            (, bytes32 owner) = abi.decode(data[4:], (bytes32, bytes32));
            return abi.encode(!missing && owner == keccak256(name));
        }
        revert UnsupportedResolverProfile(what);
    }

    function many(bytes calldata name, bytes[] memory calls) internal view returns (bytes memory) {
        for (uint256 i = 0; i < calls.length; i++) {
            (, bytes memory out) = address(this).staticcall(abi.encodeWithSelector(0x9061b923, name, calls[i]));
            calls[i] = out.length % 32 == 0 && out.length > 0 ? abi.decode(out, (bytes)) : out;
        }
        return abi.encode(calls);
    }

    function dotted(bytes calldata name) internal pure returns (string memory) {
        bytes memory text = name[1:name.length - 1];
        for (uint256 at = uint8(name[0]); at < text.length; at += 1 + uint8(name[at + 1]))
            text[at] = ".";
        return string(text);
    }
}

/// Claims every interface, and answers whatever it is asked with the same octets, as a result or as an error.
contract TestLyingResolver {
    bytes public answer = abi.encode(type(uint256).max - 31, type(uint256).max);
    bool public fails;

    function configure(bytes calldata answer_, bool fails_) external {
        answer = answer_;
        fails = fails_;
    }

    function supportsInterface(bytes4) external pure returns (bool) { return true; }

    fallback() external {
        bytes memory out = answer;
        if (fails)
            assembly { revert(add(out, 32), mload(out)) }
        assembly { return(add(out, 32), mload(out)) }
    }
}
