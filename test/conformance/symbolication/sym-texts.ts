/** The sym files of the rows. Debug ids are the rows' own; what an earlier run stored under them is the same text. */

/** C32: the program of the peer's own tests, in our words. */
export const TESTPROJ = {
  debugFile: 'testproj',
  debugId: 'D48F191186D67E69DF025AD71FB91E1F0',
  text: [
    'MODULE Linux x86_64 D48F191186D67E69DF025AD71FB91E1F0 testproj',
    'INFO CODE_ID 11198FD4D686697EDF025AD71FB91E1F',
    'FILE 1 /home/dev/testproj/src/main.rs',
    'FUNC 5380 44 0 testproj::main',
    '5380 9 1 1',
    '5389 3b 3 1',
    '',
  ].join('\n'),
}

/** C33: Windows line ends, and a code file beside the debug file. */
export const XUL = {
  debugFile: 'xul.pdb',
  debugId: '44E4EC8C2F41492B9369D6B9A059577C2',
  text: [
    'MODULE windows x86_64 44E4EC8C2F41492B9369D6B9A059577C2 xul.pdb',
    'INFO CODE_ID 651C9AF99241000 xul.dll',
    'FILE 0 hg:hg.example.org/mozilla:dom/a.cpp:1f2e',
    'FILE 1 hg:hg.example.org/mozilla:dom/b.h:1f2e',
    'INLINE_ORIGIN 0 Middle::call()',
    'INLINE_ORIGIN 1 Inner::call()',
    'FUNC 1000 100 0 Outer::run(nsTArray<int, 4>)',
    'INLINE 0 30 0 0 1010 20',
    'INLINE 1 40 1 1 1018 8',
    '1000 10 10 0',
    '1010 8 20 1',
    '1018 8 50 1',
    '1020 10 21 1',
    '1030 d0 0 0',
    'PUBLIC 2000 0 exported',
    '',
  ].join('\r\n'),
}

/** The file of the 2022 overview talk. */
export const HELLOWORLD = {
  debugFile: 'helloworld',
  debugId: '5F84AC4CE4B4F5C4D2E3A1B00C1D2E3F0',
  text: [
    'MODULE Linux x86_64 5F84AC4CE4B4F5C4D2E3A1B00C1D2E3F0 helloworld',
    'FILE 0 /home/dev/helloworld.c',
    'FUNC 1149 23 0 main',
    '1149 8 3 0',
    '1151 14 4 0',
    '1165 5 5 0',
    '116a 2 6 0',
    '',
  ].join('\n'),
}

/** Addresses that a double cannot hold exactly: 2^53 + 1 and the last ones below 2^64. */
export const HIGH = {
  debugFile: 'high.so',
  debugId: 'AB12CD34EF56AB12CD34EF56AB12CD340',
  text: [
    'MODULE Linux x86_64 AB12CD34EF56AB12CD34EF56AB12CD340 high.so',
    'FUNC 20000000000001 1 0 odd',
    'FUNC 20000000000002 1 0 even',
    'FUNC fffffffffffffff0 e 0 last',
    '',
  ].join('\n'),
}

export const SYMS = [TESTPROJ, XUL, HELLOWORLD, HIGH]
