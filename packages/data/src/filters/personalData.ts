// Masks personal data: e-mail addresses and public IP addresses exactly as datatrove's PIIFormatter does (the step of FineWeb),
// and telephone and payment card numbers, which it leaves.
import { isIPv6 } from "node:net";
import type { Document, Step } from "../document.ts";
import { emailAddresses } from "./emailAddresses.ts";

/** Options of `maskPersonalData`. Several replacements are used in turn, over all documents. */
export interface PersonalDataOptions {
  /** What stands for an e-mail address, or false to leave them. Default: two addresses at example.com and example.org. */
  readonly email?: readonly string[] | false;
  /** What stands for an IPv4 address, or false to leave them. Default: six addresses that answered nobody. */
  readonly ip?: readonly string[] | false;
  /** What stands for an IPv6 address. Default false: datatrove leaves them. */
  readonly ipv6?: readonly string[] | false;
  /** Also masks addresses of private and reserved networks. Default false. */
  readonly privateIps?: boolean;
  /**
   * What stands for a telephone number: one in international form (`+` and 8 to 15 digits) or in the North American form
   * `(212) 555-0100`. Default false.
   */
  readonly phone?: readonly string[] | false;
  /** What stands for a payment card number: 13 to 19 digits, grouped or not, with a valid Luhn check digit. Default false. */
  readonly card?: readonly string[] | false;
}

/** Finds one kind of personal data. */
interface Detector {
  /** Start and end of what looks like it. */
  readonly find: (text: string) => Iterable<readonly [start: number, end: number]>;
  readonly isValid: (match: string) => boolean;
}

const emails = ["email@example.com", "firstname.lastname@example.org"];
const ips = ["22.214.171.124", "126.96.36.199", "188.8.131.52", "184.108.40.206", "220.127.116.11", "18.104.22.168"];

const byte = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)";

const emailDetector: Detector = { find: emailAddresses, isValid: () => true };

const phoneDetector: Detector = {
  find: finder(
    /\d/,
    /(?<![\p{L}\p{N}_+])(?:\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4})(?![\p{L}\p{N}_])/gu,
  ),
  isValid: (match) => {
    const count = digitsOf(match).length;
    return match.startsWith("+") ? count >= 8 && count <= 15 : true;
  },
};

const cardDetector: Detector = {
  find: finder(/\d/, /(?<![\p{L}\p{N}_])\d(?:[ -]?\d){12,18}(?![\p{L}\p{N}_])/gu),
  isValid: (match) => hasValidCheckDigit(digitsOf(match)),
};

/**
 * The step that replaces personal data in the text of each document. Card numbers are looked for before telephone numbers.
 *
 * @example
 * pipeline(documents, [maskPersonalData({ phone: ["<phone>"], card: ["<card>"] })]);
 */
export function maskPersonalData(options: PersonalDataOptions = {}): Step {
  return {
    name: "maskPersonalData",
    async *apply(documents): AsyncGenerator<Document> {
      const mask = personalDataMask(options);
      for await (const document of documents) {
        const text = mask(document.text);
        yield text === document.text ? document : { ...document, text };
      }
    },
  };
}

/** The function behind `maskPersonalData`, for single texts; it keeps the turn of the replacements. */
export function personalDataMask(options: PersonalDataOptions = {}): (text: string) => string {
  const { email = emails, ip = ips, ipv6 = false, privateIps = false, phone = false, card = false } = options;
  const ipDetector: Detector = {
    find: finder(/\./, new RegExp(`(?:${byte}\\.){3}${byte}`, "g")),
    isValid: (match) => !/(?:^|\.)0\d/.test(match) && (privateIps || isPublicIp(match)),
  };
  const ipv6Detector: Detector = {
    find: finder(/:[0-9a-f]{0,4}:/i, /(?<![\p{L}\p{N}:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\p{L}\p{N}:])/giu),
    isValid: (match) => isIPv6(match) && (privateIps || isPublicIpv6(match)),
  };
  const masks = [
    replacer(emailDetector, email),
    replacer(ipDetector, ip),
    replacer(ipv6Detector, ipv6),
    replacer(cardDetector, card),
    replacer(phoneDetector, phone),
  ];
  return (text) => masks.reduce((masked, mask) => mask(masked), text);
}

/** Finds what the pattern matches; texts without the sign, most of them, are passed over. */
function finder(sign: RegExp, pattern: RegExp): Detector["find"] {
  return function* (text) {
    if (!sign.test(text)) return;
    for (const { 0: match, index } of text.matchAll(pattern)) yield [index, index + match.length];
  };
}

function replacer({ find, isValid }: Detector, replacements: readonly string[] | false) {
  if (replacements === false || replacements.length === 0) return (text: string) => text;
  let turn = 0;
  return (text: string) => {
    let masked = "";
    let done = 0;
    for (const [start, end] of find(text)) {
      if (!isValid(text.slice(start, end))) continue;
      masked += text.slice(done, start) + replacements[turn]!;
      done = end;
      turn = (turn + 1) % replacements.length;
    }
    return done === 0 ? text : masked + text.slice(done);
  };
}

function digitsOf(text: string): number[] {
  return Array.from(text.replace(/\D/g, ""), Number);
}

/** The Luhn check (ISO/IEC 7812-1): every second digit from the right doubled, the digits' sum a multiple of ten. */
function hasValidCheckDigit(digits: readonly number[]): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits[digits.length - 1 - i]!;
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && sum > 0;
}

// Networks that the IANA registry of special-purpose addresses does not route globally, as address and prefix length.
const specialNetworks = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 29],
  ["192.0.0.170", 31],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["240.0.0.0", 4],
] as const;

/** Whether an IPv6 address is of the global unicast block (2000::/3), but for the network of examples (RFC 3849). */
function isPublicIpv6(address: string): boolean {
  return /^[23][0-9a-f]{3}:/i.test(address) && !/^2001:0?db8:/i.test(address);
}

function isPublicIp(address: string): boolean {
  const number = ipNumber(address);
  return !specialNetworks.some(([network, bits]) => (number ^ ipNumber(network)) >>> (32 - bits) === 0);
}

function ipNumber(address: string): number {
  return address.split(".").reduce((number, part) => (number << 8) | Number(part), 0);
}
