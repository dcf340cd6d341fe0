// The user's browser.
#pragma once

#include <string>

namespace ams {

// Asks the desktop to show the address. A machine without a desktop is left alone, with a warning
// in the log.
void open_browser(const std::string& address);

}  // namespace ams
