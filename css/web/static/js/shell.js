// The operators' shell: one page for the whole shift, with screens swapped into it. Each module has one subject.
//   page.js     what stands where; messages         buffer.js   keys typed ahead
//   swap.js     fetch, swap, history, cursor        keys.js     what each key means
//   choices.js  the list that pops up               prompt.js   F4        palette.js  F10, F9, commands
//   lists.js    lines, pages, refreshing            keep.js     nothing keyed is lost     idle.js  the lock

import * as buffer from "./buffer.js";
import * as choices from "./choices.js";
import * as idle from "./idle.js";
import * as keep from "./keep.js";
import * as keys from "./keys.js";
import * as lists from "./lists.js";
import * as prompt from "./prompt.js";
import * as swap from "./swap.js";

keys.begin();
choices.begin();
lists.begin();
prompt.begin();
keep.begin();
idle.begin();
buffer.listen(keys.on);
swap.begin();
