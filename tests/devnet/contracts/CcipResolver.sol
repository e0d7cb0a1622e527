// SPDX-License-Identifier: Apache-2.0
// A test contract, not for any public chain.
pragma solidity ^0.8.20;

error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callback, bytes extraData);

/// A resolver whose answers come from a gateway, well or ill behaved as it is told.
/// As an extended resolver it takes resolve(name, data); else every call is looked up as it stands.
contract TestCcipResolver {
    uint256 constant NORMAL = 0;
    uint256 constant SENDER = 1;     // another contract's address as sender
    uint256 constant ENDLESS = 2;    // each callback asks for one lookup more
    uint256 constant ROUNDS = 3;     // `rounds` lookups, one after the other
    uint256 constant CUT = 4;        // the error's data ends in the middle
    uint256 constant NO_URLS = 5;
    uint256 constant REFUSE = 6;     // the callback reverts
    uint256 constant GIANT = 7;      // 400 KiB of error data
    uint256 constant BOMB = 8;       // 4096 URLs that are all the same bytes

    string[] public urls;
    uint256 public mode;
    uint256 public rounds = 1;
    bool public extended = true;

    function configure(string[] memory urls_, uint256 mode_, uint256 rounds_, bool extended_) external {
        delete urls;
        for (uint256 i = 0; i < urls_.length; i++)
            urls.push(urls_[i]);
        mode = mode_;
        rounds = rounds_;
        extended = extended_;
    }

    function supportsInterface(bytes4 id) external view returns (bool) {
        return id == 0x01ffc9a7 || (extended ? id == 0x9061b923 : id == 0x3b3b57de || id == 0xf1cb7e06
            || id == 0x59d1d43c || id == 0xbc1c58d1);
    }

    /// The gateway's answer; as `bytes` for resolve(), bare for a direct call.
    function ccipCallback(bytes calldata response, bytes calldata extra) external view returns (bytes memory) {
        (uint256 left, bool wrapped, bytes memory request) = abi.decode(extra, (uint256, bool, bytes));
        if (mode == REFUSE)
            revert("the callback refuses");
        if (mode == ENDLESS)
            lookup(2, wrapped, request);
        if (left > 1)
            lookup(left - 1, wrapped, request);
        if (wrapped)
            return response;
        bytes memory bare = response;
        assembly { return(add(bare, 32), mload(bare)) }
    }

    function lookup(uint256 left, bool wrapped, bytes memory request) internal view {
        bytes memory extra = abi.encode(left, wrapped, request);
        address sender = mode == SENDER ? address(0xdead) : address(this);
        string[] memory list = mode == NO_URLS ? new string[](0) : urls;
        if (mode == CUT) {
            bytes memory whole = abi.encodeWithSelector(OffchainLookup.selector, sender, list, request,
                this.ccipCallback.selector, extra);
            assembly { revert(add(whole, 32), div(mload(whole), 2)) }
        }
        if (mode == BOMB)
            bomb(request, extra);
        if (mode == GIANT)
            request = bytes.concat(request, new bytes(400 * 1024));
        revert OffchainLookup(sender, list, request, this.ccipCallback.selector, extra);
    }

    function bomb(bytes memory request, bytes memory extra) internal view {
        uint256 count = 4096;
        bytes memory same = bytes(urls[0]);
        bytes memory offsets = new bytes(32 * count);
        for (uint256 i = 0; i < count; i++)
            assembly { mstore(add(add(offsets, 32), mul(i, 32)), mul(count, 32)) }
        bytes memory text = new bytes(((same.length + 31) / 32) * 32);
        for (uint256 i = 0; i < same.length; i++)
            text[i] = same[i];
        bytes memory list = bytes.concat(bytes32(count), offsets, bytes32(same.length), text);
        bytes memory tail = abi.encode(request, extra);     // two offsets, then both
        uint256 at = 160 + list.length;
        uint256 first;
        uint256 second;
        assembly {
            first := mload(add(tail, 32))
            second := mload(add(tail, 64))
        }
        bytes memory whole = bytes.concat(OffchainLookup.selector,
            abi.encode(address(this), uint256(160), at + first, bytes32(this.ccipCallback.selector), at + second),
            list, tail);
        assembly { revert(add(whole, 32), mload(whole)) }
    }

    fallback() external {
        lookup(mode == ROUNDS ? rounds : 1, msg.sig == 0x9061b923, msg.data);
    }
}
