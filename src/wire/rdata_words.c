/* SPDX-License-Identifier: Apache-2.0 */
/* Mnemonics of small numbers in rdata.  The first one of a number is printed, all are read. */
#include "wire/rdata_inside.h"

struct word { uint16_t value; const char *text; };

/* IANA "DNS Security Algorithm Numbers". */
static const struct word algorithms[] = {
    { 1, "RSAMD5" }, { 2, "DH" }, { 3, "DSA" }, { 5, "RSASHA1" }, { 6, "NSEC3DSA" }, { 6, "DSA-NSEC3-SHA1" }, { 7, "NSEC3RSASHA1" },
    { 7, "RSASHA1-NSEC3-SHA1" }, { 8, "RSASHA256" }, { 10, "RSASHA512" }, { 12, "ECCGOST" }, { 12, "ECC-GOST" }, { 13, "ECDSAP256SHA256" },
    { 13, "ECDSA256" }, { 14, "ECDSAP384SHA384" }, { 14, "ECDSA384" }, { 15, "ED25519" }, { 16, "ED448" }, { 17, "SM2SM3" },
    { 23, "ECC-GOST12" }, { 252, "INDIRECT" }, { 253, "PRIVATEDNS" }, { 254, "PRIVATEOID" },
};
/* IANA "DS RR Type Digest Algorithms". */
static const struct word digests[] = {
    { 1, "SHA-1" }, { 1, "SHA1" }, { 2, "SHA-256" }, { 2, "SHA256" }, { 3, "GOST" }, { 4, "SHA-384" }, { 4, "SHA384" },
};
static const struct word hashes[] = { { 1, "SHA-1" }, { 1, "SHA1" } };
/* RFC 4398 2.1. */
static const struct word certs[] = {
    { 1, "PKIX" }, { 2, "SPKI" }, { 3, "PGP" }, { 4, "IPKIX" }, { 5, "ISPKI" }, { 6, "IPGP" }, { 7, "ACPKIX" }, { 8, "IACPKIX" },
    { 253, "URI" }, { 254, "OID" },
};
/* RFC 2535 3.1.3. */
static const struct word protocols[] = {
    { 0, "NONE" }, { 1, "TLS" }, { 2, "EMAIL" }, { 3, "DNSSEC" }, { 4, "IPSEC" }, { 255, "ALL" },
};
static const struct word schemes[] = { { 1, "NOTIFY" } };
/* RFC 2535 7.1, and the secure entry point of RFC 4034 2.1.1. */
static const struct word key_flags[] = {
    { 0x4000, "NOCONF" }, { 0x8000, "NOAUTH" }, { 0xc000, "NOKEY" }, { 0x2000, "FLAG2" }, { 0x1000, "EXTEND" }, { 0x0800, "FLAG4" },
    { 0x0400, "FLAG5" }, { 0x0000, "USER" }, { 0x0100, "ZONE" }, { 0x0200, "HOST" }, { 0x0300, "NTYP3" }, { 0x0080, "FLAG8" },
    { 0x0040, "FLAG9" }, { 0x0020, "FLAG10" }, { 0x0010, "FLAG11" }, { 0, "SIG0" }, { 1, "SIG1" }, { 2, "SIG2" }, { 3, "SIG3" },
    { 4, "SIG4" }, { 5, "SIG5" }, { 6, "SIG6" }, { 7, "SIG7" }, { 8, "SIG8" }, { 9, "SIG9" }, { 10, "SIG10" }, { 11, "SIG11" },
    { 12, "SIG12" }, { 13, "SIG13" }, { 14, "SIG14" }, { 15, "SIG15" }, { 1, "KSK" }, { 1, "SEP" },
};
/* Ports of services that zone files with WKS name (IANA; RFC 1010 and 1340 of that time).  getservbyname would make the
 * meaning of a zone depend on the machine that reads it. */
static const struct word services[] = {
    { 1, "tcpmux" }, { 5, "rje" }, { 7, "echo" }, { 9, "discard" }, { 11, "systat" }, { 11, "users" }, { 13, "daytime" },
    { 15, "netstat" }, { 17, "qotd" }, { 17, "quote" }, { 19, "chargen" }, { 20, "ftp-data" }, { 21, "ftp" }, { 22, "ssh" },
    { 23, "telnet" }, { 25, "smtp" }, { 25, "mail" }, { 37, "time" }, { 39, "rlp" }, { 42, "nameserver" }, { 43, "whois" },
    { 43, "nicname" }, { 53, "domain" }, { 67, "bootps" }, { 68, "bootpc" }, { 69, "tftp" }, { 70, "gopher" }, { 77, "rje" },
    { 79, "finger" }, { 80, "http" }, { 80, "www" }, { 87, "link" }, { 88, "kerberos" }, { 95, "supdup" }, { 101, "hostname" },
    { 101, "hostnames" }, { 102, "iso-tsap" }, { 103, "x400" }, { 104, "x400-snd" }, { 109, "pop2" }, { 109, "pop-2" },
    { 110, "pop3" }, { 110, "pop-3" }, { 111, "sunrpc" }, { 113, "auth" }, { 113, "ident" }, { 115, "sftp" }, { 117, "uucp-path" },
    { 119, "nntp" }, { 123, "ntp" }, { 137, "netbios-ns" }, { 138, "netbios-dgm" }, { 139, "netbios-ssn" }, { 143, "imap2" },
    { 143, "imap" }, { 161, "snmp" }, { 162, "snmptrap" }, { 177, "xdmcp" }, { 179, "bgp" }, { 194, "irc" }, { 220, "imap3" },
    { 389, "ldap" }, { 443, "https" }, { 465, "submissions" }, { 512, "exec" }, { 513, "login" }, { 514, "shell" },
    { 515, "printer" }, { 540, "uucp" }, { 587, "submission" }, { 636, "ldaps" }, { 853, "domain-s" }, { 993, "imaps" },
    { 995, "pop3s" }, { 2049, "nfs" }, { 6000, "x11" },
};
static const struct word ip_protocols[] = {
    { 1, "icmp" }, { 2, "igmp" }, { 3, "ggp" }, { 6, "tcp" }, { 8, "egp" }, { 12, "pup" }, { 17, "udp" }, { 20, "hmp" },
    { 22, "xns-idp" }, { 27, "rdp" }, { 132, "sctp" },
};
/* RFC 9460 14.3.2, 9461, 9540; IANA. */
static const struct word parameters[] = {
    { 0, "mandatory" }, { 1, "alpn" }, { 2, "no-default-alpn" }, { 3, "port" }, { 4, "ipv4hint" }, { 5, "ech" }, { 6, "ipv6hint" },
    { 7, "dohpath" }, { 8, "ohttp" }, { 9, "tls-supported-groups" },
};

static const struct { const struct word *words; size_t count; } lists[WORDS_COUNT] = {
    [WORDS_ALGORITHM] = { algorithms, LENGTH_OF(algorithms) },
    [WORDS_DIGEST] = { digests, LENGTH_OF(digests) },
    [WORDS_HASH] = { hashes, LENGTH_OF(hashes) },
    [WORDS_CERT] = { certs, LENGTH_OF(certs) },
    [WORDS_PROTOCOL] = { protocols, LENGTH_OF(protocols) },
    [WORDS_SCHEME] = { schemes, LENGTH_OF(schemes) },
    [WORDS_KEY_FLAG] = { key_flags, LENGTH_OF(key_flags) },
    [WORDS_SERVICE] = { services, LENGTH_OF(services) },
    [WORDS_IP_PROTOCOL] = { ip_protocols, LENGTH_OF(ip_protocols) },
    [WORDS_PARAMETER] = { parameters, LENGTH_OF(parameters) },
};

const char *word_get(enum words list, unsigned value)
{
    for (size_t i = 0; i < lists[list].count; i++)
        if (lists[list].words[i].value == value)
            return lists[list].words[i].text;
    return NULL;
}

bool word_find(enum words list, struct slice text, uint16_t *value)
{
    for (size_t i = 0; i < lists[list].count; i++)
        if (slice_is_nocase(text, lists[list].words[i].text)) {
            *value = lists[list].words[i].value;
            return true;
        }
    return false;
}
