#include "data/resize.h"
