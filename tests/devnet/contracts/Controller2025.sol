// SPDX-License-Identifier: Apache-2.0
// A test contract, not for any public chain: the interface and the rules of the registrar controller of 2025, written
// for this project; and a registrar of default primary names beside it.
pragma solidity ^0.8.20;

import "./UniversalResolver.sol";

interface IBaseRegistrar {
    function available(uint256 id) external view returns (bool);
    function nameExpires(uint256 id) external view returns (uint256);
    function register(uint256 id, address owner, uint256 duration) external returns (uint256);
    function renew(uint256 id, uint256 duration) external returns (uint256);
    function transferFrom(address from, address to, uint256 id) external;
    function reclaim(uint256 id, address owner) external;
}

struct Price {
    uint256 base;
    uint256 premium;
}

interface IPrices {
    function price(string calldata label, uint256 expires, uint256 duration) external view returns (Price memory);
}

interface IWritable {
    function multicallWithNodeCheck(bytes32 node, bytes[] calldata data) external returns (bytes[] memory);
}

interface IReverse {
    function setNameForAddr(address account, address owner, address resolver, string calldata name) external returns (bytes32);
}

contract TestDefaultReverse {
    error UnsupportedResolverProfile(bytes4 selector);
    error Unauthorised();

    event NameForAddrChanged(address indexed account, string name);

    mapping(address => string) internal names;
    mapping(address => bool) public controllers;
    address public immutable owner = msg.sender;

    function setController(address controller, bool enabled) external {
        if (msg.sender != owner)
            revert Unauthorised();
        controllers[controller] = enabled;
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0x9061b923;
    }

    function nameForAddr(address account) external view returns (string memory) { return names[account]; }

    function setName(string calldata name) external { set(msg.sender, name); }

    function setNameForAddr(address account, string calldata name) external {
        if (account != msg.sender && !controllers[msg.sender])
            revert Unauthorised();
        set(account, name);
    }

    function set(address account, string calldata name) internal {
        names[account] = name;
        emit NameForAddrChanged(account, name);
    }

    /// name() of ADDRESS.default.reverse and, as the fallback of ENSIP-19, of ADDRESS.COINTYPE.reverse.
    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory) {
        if (bytes4(data) != 0x691f3431)
            revert UnsupportedResolverProfile(bytes4(data));
        if (name.length < 42 || uint8(name[0]) != 40)
            return abi.encode("");
        uint160 account;
        for (uint256 i = 1; i <= 40; i++) {
            uint8 c = uint8(name[i]);
            account = account * 16 + (c >= 97 ? c - 87 : c - 48);
        }
        return abi.encode(names[address(account)]);
    }
}

contract TestController2025 {
    error CommitmentNotFound(bytes32 commitment);
    error CommitmentTooNew(bytes32 commitment, uint256 minimumCommitmentTimestamp, uint256 currentTimestamp);
    error CommitmentTooOld(bytes32 commitment, uint256 maximumCommitmentTimestamp, uint256 currentTimestamp);
    error NameNotAvailable(string name);
    error DurationTooShort(uint256 duration);
    error ResolverRequiredWhenDataSupplied();
    error ResolverRequiredForReverseRecord();
    error UnexpiredCommitmentExists(bytes32 commitment);
    error InsufficientValue();

    event NameRegistered(string label, bytes32 indexed labelhash, address indexed owner, uint256 baseCost,
        uint256 premium, uint256 expires, bytes32 referrer);
    event NameRenewed(string label, bytes32 indexed labelhash, uint256 cost, uint256 expires, bytes32 referrer);

    struct Registration {
        string label;
        address owner;
        uint256 duration;
        bytes32 secret;
        address resolver;
        bytes[] data;
        uint8 reverseRecord;
        bytes32 referrer;
    }

    uint256 public constant MIN_REGISTRATION_DURATION = 28 days;
    bytes32 constant ETH = 0x93cdeb708b7545dc668eb9280176169d1c33cfd8ed6f04690a0bcc88a93fc4ae;
    IRegistry immutable ens;
    IBaseRegistrar immutable base;
    IPrices public immutable prices;
    uint256 public immutable minCommitmentAge;
    uint256 public immutable maxCommitmentAge;
    IReverse public immutable reverseRegistrar;
    TestDefaultReverse public immutable defaultReverseRegistrar;
    mapping(bytes32 => uint256) public commitments;

    constructor(IRegistry ens_, IBaseRegistrar base_, IPrices prices_, uint256 minimum, uint256 maximum, IReverse reverse,
        TestDefaultReverse byDefault) {
        ens = ens_;
        base = base_;
        prices = prices_;
        minCommitmentAge = minimum;
        maxCommitmentAge = maximum;
        reverseRegistrar = reverse;
        defaultReverseRegistrar = byDefault;
    }

    function supportsInterface(bytes4 id) external pure returns (bool) { return id == 0x01ffc9a7; }

    function valid(string calldata label) public pure returns (bool) {
        uint256 count;
        for (uint256 i = 0; i < bytes(label).length; i++) {
            if (uint8(bytes(label)[i]) & 0xc0 != 0x80)
                count++;
        }
        return count >= 3;
    }

    function available(string calldata label) public view returns (bool) {
        return valid(label) && base.available(uint256(keccak256(bytes(label))));
    }

    function rentPrice(string calldata label, uint256 duration) public view returns (Price memory) {
        return prices.price(label, base.nameExpires(uint256(keccak256(bytes(label)))), duration);
    }

    function makeCommitment(Registration calldata r) public pure returns (bytes32) {
        if (r.data.length > 0 && r.resolver == address(0))
            revert ResolverRequiredWhenDataSupplied();
        if (r.reverseRecord != 0 && r.resolver == address(0))
            revert ResolverRequiredForReverseRecord();
        if (r.duration < MIN_REGISTRATION_DURATION)
            revert DurationTooShort(r.duration);
        return keccak256(abi.encode(r));
    }

    function commit(bytes32 commitment) external {
        if (commitments[commitment] + maxCommitmentAge >= block.timestamp)
            revert UnexpiredCommitmentExists(commitment);
        commitments[commitment] = block.timestamp;
    }

    function consume(bytes32 commitment) internal {
        uint256 when = commitments[commitment];
        if (when == 0)
            revert CommitmentNotFound(commitment);
        if (when + minCommitmentAge > block.timestamp)
            revert CommitmentTooNew(commitment, when + minCommitmentAge, block.timestamp);
        if (when + maxCommitmentAge <= block.timestamp)
            revert CommitmentTooOld(commitment, when + maxCommitmentAge, block.timestamp);
        delete commitments[commitment];
    }

    function register(Registration calldata r) external payable {
        Price memory cost = rentPrice(r.label, r.duration);
        if (msg.value < cost.base + cost.premium)
            revert InsufficientValue();
        if (!available(r.label))
            revert NameNotAvailable(r.label);
        consume(makeCommitment(r));
        bytes32 labelhash = keccak256(bytes(r.label));
        uint256 expires = enter(r, labelhash);
        emit NameRegistered(r.label, labelhash, r.owner, cost.base, cost.premium, expires, r.referrer);
        payable(msg.sender).transfer(msg.value - cost.base - cost.premium);
    }

    function enter(Registration calldata r, bytes32 labelhash) internal returns (uint256 expires) {
        uint256 id = uint256(labelhash);
        if (r.resolver == address(0))
            return base.register(id, r.owner, r.duration);
        expires = base.register(id, address(this), r.duration);
        bytes32 node = keccak256(abi.encodePacked(ETH, labelhash));
        ens.setRecord(node, r.owner, r.resolver, 0);
        if (r.data.length > 0)
            IWritable(r.resolver).multicallWithNodeCheck(node, r.data);
        base.transferFrom(address(this), r.owner, id);
        string memory name = string.concat(r.label, ".eth");
        if (r.reverseRecord & 1 != 0)
            reverseRegistrar.setNameForAddr(msg.sender, msg.sender, r.resolver, name);
        if (r.reverseRecord & 2 != 0)
            defaultReverseRegistrar.setNameForAddr(msg.sender, name);
    }

    function renew(string calldata label, uint256 duration, bytes32 referrer) external payable {
        Price memory cost = rentPrice(label, duration);
        if (msg.value < cost.base)
            revert InsufficientValue();
        bytes32 labelhash = keccak256(bytes(label));
        uint256 expires = base.renew(uint256(labelhash), duration);
        emit NameRenewed(label, labelhash, cost.base, expires, referrer);
        payable(msg.sender).transfer(msg.value - cost.base);
    }
}
