#include "vm/base/race_finding.h"

#include <algorithm>

namespace gilvm {

std::vector<std::string> RaceFinding::places() const {
  std::vector<std::string> places;
  for (const FoundAccess& access : accesses)
    places.push_back(access.file + ":" + std::to_string(access.line));
  std::sort(places.begin(), places.end());
  return places;
}

std::string RaceFinding::identity() const {
  // One element of a list stands for the others.
  std::string text = std::to_string(static_cast<int>(kind)) + " " + variable.substr(0, variable.find('['));
  for (const std::string& place : places()) text += " " + place;
  return text;
}

}  // namespace gilvm
