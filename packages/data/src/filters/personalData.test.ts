// Telephone and card numbers, and the options of masking; e-mail and IP addresses are tested against datatrove beside.
import { describe, expect, it } from "vitest";
import { personalDataMask } from "./personalData.ts";

const mask = personalDataMask({ phone: ["<phone>"], card: ["<card>"] });

describe("personalDataMask", () => {
  it.each([
    ["call +44 20 7946 0958 now", "call <phone> now"],
    ["call +1 (212) 555-0100.", "call <phone>."],
    ["(212) 555-0100 or 212-555-0100", "<phone> or <phone>"],
    ["in 1776-1783, 2,125,550 people", "in 1776-1783, 2,125,550 people"],
  ])("masks telephone numbers: %s", (text, expected) => {
    expect(mask(text)).toBe(expected);
  });

  it.each([
    ["card 4111 1111 1111 1111!", "card <card>!"],
    ["378282246310005", "<card>"],
    ["4111 1111 1111 1112", "4111 1111 1111 1112"],
    ["0000 0000 0000 0000", "0000 0000 0000 0000"],
  ])("masks card numbers with a valid check digit: %s", (text, expected) => {
    expect(mask(text)).toBe(expected);
  });

  it("reads a long run without spaces once", () => {
    const run = "a.".repeat(200_000);
    const mask = personalDataMask({ email: ["<mail>"] });
    expect(mask(`${run}@ ${run}a@b.org me@b.org`)).toBe(`${run}@ <mail> <mail>`);
  });

  it("takes replacements in turn, over texts", () => {
    const turns = personalDataMask({ email: ["first", "second"] });
    expect(turns("a@b.cd c@d.ef")).toBe("first second");
    expect(turns("a@b.cd")).toBe("first");
  });

  it.each([
    ["ping 2a00:1450:4001:82b::200e now", "ping <ip> now"],
    ["[2606:4700::1111]:443, 2001:DB8::1", "[<ip>]:443, 2001:DB8::1"],
    ["at 12:30:45, std::vector, a::b, ::1, fe80::1", "at 12:30:45, std::vector, a::b, ::1, fe80::1"],
  ])("masks public IPv6 addresses: %s", (text, expected) => {
    expect(personalDataMask({ ipv6: ["<ip>"] })(text)).toBe(expected);
    expect(personalDataMask()(text)).toBe(text);
  });

  it("leaves what it is told to leave", () => {
    const text = "a@b.cd 8.8.8.8 10.0.0.1";
    expect(personalDataMask({ email: false, ip: false })(text)).toBe(text);
    expect(personalDataMask({ email: false, ip: ["<ip>"] })(text)).toBe("a@b.cd <ip> 10.0.0.1");
    expect(personalDataMask({ email: false, ip: ["<ip>"], privateIps: true })(text)).toBe("a@b.cd <ip> <ip>");
  });
});
