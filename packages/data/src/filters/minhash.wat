;; The innermost loops of MinHash: XXH64 of each shingle, and the smallest value of each hash function over all shingles.
;; minhashKernel.test.ts assembles it, and says so where minhashModule.ts holds something else.
(module
  (memory (export "memory") 1)

  (global $p1 i64 (i64.const 0x9e3779b185ebca87))
  (global $p2 i64 (i64.const 0xc2b2ae3d27d4eb4f))
  (global $p3 i64 (i64.const 0x165667b19e3779f9))
  (global $p4 i64 (i64.const 0x85ebca77c2b2ae63))
  (global $p5 i64 (i64.const 0x27d4eb2f165667c5))
  ;; 2^61 - 1, the prime of the hash functions x -> (a x + b mod 2^64) mod prime.
  (global $prime i64 (i64.const 0x1fffffffffffffff))

  (func $round (param $lane i64) (param $input i64) (result i64)
    (i64.mul
      (i64.rotl (i64.add (local.get $lane) (i64.mul (local.get $input) (global.get $p2))) (i64.const 31))
      (global.get $p1)))

  (func $merge (param $hash i64) (param $lane i64) (result i64)
    (i64.add
      (i64.mul (i64.xor (local.get $hash) (call $round (i64.const 0) (local.get $lane))) (global.get $p1))
      (global.get $p4)))

  ;; XXH64 with seed 0 of the bytes from $at to $end.
  (func $xxh64 (param $at i32) (param $end i32) (result i64)
    (local $hash i64) (local $length i32) (local $a i64) (local $b i64) (local $c i64) (local $d i64)
    (local.set $length (i32.sub (local.get $end) (local.get $at)))
    (if (i32.ge_u (local.get $length) (i32.const 32))
      (then
        (local.set $a (i64.add (global.get $p1) (global.get $p2)))
        (local.set $b (global.get $p2))
        (local.set $d (i64.sub (i64.const 0) (global.get $p1)))
        (loop $stripes
          (local.set $a (call $round (local.get $a) (i64.load align=1 (local.get $at))))
          (local.set $b (call $round (local.get $b) (i64.load offset=8 align=1 (local.get $at))))
          (local.set $c (call $round (local.get $c) (i64.load offset=16 align=1 (local.get $at))))
          (local.set $d (call $round (local.get $d) (i64.load offset=24 align=1 (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 32)))
          (br_if $stripes (i32.le_u (i32.add (local.get $at) (i32.const 32)) (local.get $end))))
        (local.set $hash
          (i64.add
            (i64.add (i64.rotl (local.get $a) (i64.const 1)) (i64.rotl (local.get $b) (i64.const 7)))
            (i64.add (i64.rotl (local.get $c) (i64.const 12)) (i64.rotl (local.get $d) (i64.const 18)))))
        (local.set $hash (call $merge (local.get $hash) (local.get $a)))
        (local.set $hash (call $merge (local.get $hash) (local.get $b)))
        (local.set $hash (call $merge (local.get $hash) (local.get $c)))
        (local.set $hash (call $merge (local.get $hash) (local.get $d))))
      (else (local.set $hash (global.get $p5))))
    (local.set $hash (i64.add (local.get $hash) (i64.extend_i32_u (local.get $length))))
    (block $eightsDone
      (loop $eights
        (br_if $eightsDone (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $end)))
        (local.set $hash
          (i64.add
            (i64.mul
              (i64.rotl
                (i64.xor (local.get $hash) (call $round (i64.const 0) (i64.load align=1 (local.get $at))))
                (i64.const 27))
              (global.get $p1))
            (global.get $p4)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $eights)))
    (if (i32.le_u (i32.add (local.get $at) (i32.const 4)) (local.get $end))
      (then
        (local.set $hash
          (i64.add
            (i64.mul
              (i64.rotl
                (i64.xor (local.get $hash) (i64.mul (i64.load32_u align=1 (local.get $at)) (global.get $p1)))
                (i64.const 23))
              (global.get $p2))
            (global.get $p3)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))))
    (block $bytesDone
      (loop $bytes
        (br_if $bytesDone (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $hash
          (i64.mul
            (i64.rotl
              (i64.xor (local.get $hash) (i64.mul (i64.load8_u (local.get $at)) (global.get $p5)))
              (i64.const 11))
            (global.get $p1)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes)))
    (local.set $hash
      (i64.mul (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 33))) (global.get $p2)))
    (local.set $hash
      (i64.mul (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 29))) (global.get $p3)))
    (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32))))

  ;; Lowers each of $size hashes to that of $x where that is smaller. In memory, 8 bytes each: factors a from 0, terms b from
  ;; 8 $size, the smallest hashes from 16 $size.
  (func $lower (param $x i64) (param $size i32)
    (local $at i32) (local $end i32) (local $hash i64)
    (local.set $end (i32.shl (local.get $size) (i32.const 3)))
    (loop $functions
      (local.set $hash
        (i64.add
          (i64.mul (local.get $x) (i64.load (local.get $at)))
          (i64.load (i32.add (local.get $at) (local.get $end)))))
      ;; Modulo the prime: the bits from 61 on count again from 0.
      (local.set $hash
        (i64.add
          (i64.and (local.get $hash) (global.get $prime))
          (i64.shr_u (local.get $hash) (i64.const 61))))
      (local.set $hash
        (select
          (i64.sub (local.get $hash) (global.get $prime))
          (local.get $hash)
          (i64.ge_u (local.get $hash) (global.get $prime))))
      (if (i64.lt_u (local.get $hash) (i64.load (i32.add (local.get $at) (i32.shl (local.get $end) (i32.const 1)))))
        (then (i64.store (i32.add (local.get $at) (i32.shl (local.get $end) (i32.const 1))) (local.get $hash))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $functions (i32.lt_u (local.get $at) (local.get $end)))))

  ;; Takes in all shingles of $nGram words. $ends holds where each of $words words ends, 4 bytes each, the first beginning at
  ;; $text, one space apart.
  (func (export "takeIn") (param $size i32) (param $text i32) (param $ends i32) (param $words i32) (param $nGram i32)
    (local $start i32) (local $last i32)
    (local.set $start (local.get $text))
    (local.set $last (i32.add (local.get $ends) (i32.shl (i32.sub (local.get $words) (local.get $nGram)) (i32.const 2))))
    (local.set $nGram (i32.shl (i32.sub (local.get $nGram) (i32.const 1)) (i32.const 2)))
    (loop $shingles
      (call $lower
        (call $xxh64 (local.get $start) (i32.load (i32.add (local.get $ends) (local.get $nGram))))
        (local.get $size))
      (local.set $start (i32.add (i32.load (local.get $ends)) (i32.const 1)))
      (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
      (br_if $shingles (i32.le_u (local.get $ends) (local.get $last)))))
)
